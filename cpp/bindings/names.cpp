#include "bindings/names.hpp"

#include "bindings/convert.hpp"
#include "ops/fusion_ops.hpp"

namespace polyfuse {
namespace {

template <class... Ops>
std::vector<const char*> names_of(TypeList<Ops...>) {
    return {Ops::name...};
}

}  // namespace

const std::vector<const char*>& fusion_operators() {
    static const std::vector<const char*> names = names_of(FusionOps{});
    return names;
}

int fusion_op(const py::handle& name) {
    if (PyUnicode_Check(name.ptr()) &&
        PyUnicode_CompareWithASCIIString(name.ptr(), "concatenate") == 0)
        return concatenate_op;
    return index_of(name, fusion_operators(), "op");
}

Normalization normalization_of(const py::handle& name) {
    static const std::vector<const char*> names(normalization_names,
                                                normalization_names + n_normalizations);
    return static_cast<Normalization>(index_of(name, names, "kind"));
}

Loss loss_of(const py::handle& name) {
    static const std::vector<const char*> names(loss_names, loss_names + n_losses);
    return static_cast<Loss>(index_of(name, names, "loss"));
}

ErrorKind error_kind_of(const py::handle& name) {
    static const std::vector<const char*> names(error_names, error_names + n_errors);
    return static_cast<ErrorKind>(index_of(name, names, "kind"));
}

ScoreFold score_fold_of(const py::handle& name) {
    static const std::vector<const char*> names(score_fold_names,
                                                score_fold_names + n_score_folds);
    return static_cast<ScoreFold>(index_of(name, names, "op"));
}

}  // namespace polyfuse
