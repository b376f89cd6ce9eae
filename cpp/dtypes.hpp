// The dtypes a block may have, named once. Everything that depends on the list iterates over it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace polyfuse {

struct Half {
    std::uint16_t bits;
};

template <class... Ts>
struct TypeList {};

// The order is that of DType and of INPUT_DTYPES in _kernels/contract.py (a test compares them).
// NumPy's bool is a byte that holds 0 or 1.
using InputTypes = TypeList<std::uint8_t, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                            std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, Half, float,
                            double>;

enum class DType : std::uint8_t { b8, i8, u8, i16, u16, i32, u32, i64, u64, f16, f32, f64 };

inline constexpr const char* dtype_names[] = {"bool",  "int8",   "uint8", "int16",
                                              "uint16", "int32",  "uint32", "int64",
                                              "uint64", "float16", "float32", "float64"};
inline constexpr int n_dtypes = static_cast<int>(sizeof dtype_names / sizeof dtype_names[0]);

}  // namespace polyfuse
