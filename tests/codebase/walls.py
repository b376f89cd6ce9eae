"""The walls inside the package: what each of its lower modules may import of the rest."""

from __future__ import annotations

_WORDS = {
    "_interchange.py": "",
    "_collections.py": "._available .dask",
    "_callbacks.py": "",
    "sklearn/_calls.py": "",
    "sklearn/_attempts.py": "..exceptions ._calls",
    "sklearn/_methods.py": (
        ".._callbacks .._feature_names .._random .._sgd_inputs ..exceptions ._attempts ._calls"
    ),
    "sklearn/_functions.py": "..metrics ..preprocessing ._attempts ._calls",
    "sklearn/_releases.py": ".._constraints .._sgd_classes",
    "sklearn/_workers.py": "._attempts ._patch ._releases",
    "_arrays.py": "._interchange ._kernels .exceptions",
    "_safetensors.py": "._arrays .exceptions",
    "_state_arrays.py": "._arrays ._kernels .exceptions",
    "_state_classes.py": (
        "._arrays ._audio_encoder ._chains ._descent ._fusion_estimator ._fusion_learning "
        "._gradient_base ._image_encoder ._moments ._robust ._sketch .encoders .exceptions "
        ".linear_model .multimodal .preprocessing"
    ),
    "_state_checks.py": (
        "._chains ._descent ._estimator ._fusion_parameters ._gradient_base ._kernels ._moments "
        "._robust ._scaler ._sketch .exceptions"
    ),
    "_state.py": (
        "._arrays ._blocks ._kernels ._state_arrays ._state_checks ._state_classes .exceptions"
    ),
    "persistence.py": (
        ".__version__ ._arrays ._estimator ._safetensors ._state ._state_classes .exceptions"
    ),
    "_onnx_graph.py": "",
    "_onnx_outputs.py": "._onnx_graph",
    "_onnx_blocks.py": "._arrays ._blocks ._fusion_scalers ._kernels ._onnx_graph",
    "_onnx_fusion.py": (
        "._fusion_model ._fusion_parameters ._kernels ._modality_scores ._onnx_blocks "
        "._onnx_graph ._onnx_outputs"
    ),
    "_descent.py": ". ._kernels",
    "_linear.py": ". ._arrays ._interchange ._kernels",
    "_least_squares.py": (
        "._arrays ._estimator ._feature_names ._inputs ._interchange ._kernels ._linear "
        "._parameters ._sgd_targets"
    ),
    "_first_order.py": ". ._descent ._kernels ._linear",
    "_summed.py": "._descent",
    "_kept.py": "._descent",
    "_gradient_data.py": "._arrays ._fusion_scalers ._random ._sgd_inputs",
    "_gradient_base.py": (
        "._arrays ._constraints ._descent ._estimator ._first_order ._gradient_data ._kept "
        "._linear ._random ._sgd_inputs .exceptions"
    ),
    "_gradient_descent.py": (
        "._arrays ._constraints ._descent ._estimator ._gradient_base ._gradient_data ._linear "
        "._sgd_targets"
    ),
    "linear_model.py": (
        "._gradient_descent ._least_squares ._one_class ._perceptron ._sgd_classifier "
        "._sgd_regressor ._sgd_sweep"
    ),
    "_ranked.py": "._codes ._kernels ._labels ._parameters",
    "_curves.py": "._labels ._parameters ._ranked .exceptions",
    "_label_averages.py": "._curves ._labels ._parameters ._ranked .exceptions",
    "_ranking_scores.py": "._label_averages ._labels ._parameters ._ranked",
    "_top_k.py": "._labels ._parameters ._ranked ._ranking_scores .exceptions",
    "_score_bounds.py": "._labels",
    "_score_histogram.py": (
        "._compensated ._labels ._parameters ._ranked ._score_bounds .exceptions"
    ),
    "_blocks.py": "._arrays ._interchange ._parameters",
    "_columns.py": "._arrays ._blocks",
    "blocks.py": "._arrays ._blocks ._columns ._feature_names ._interchange ._parameters",
    "_alignment.py": "",
    "_estimator.py": (
        "._alignment ._arrays ._available ._collections ._feature_names ._interchange "
        "._representation ._routing ._onnx_models ._sklearn_twins .metrics .persistence"
    ),
    "_encoder.py": "._arrays ._estimator ._interchange",
    "_image_features.py": "",
    "_image_encoder.py": "._arrays ._encoder ._image_features",
    "_text_encoder.py": "._arrays ._encoder",
    "_audio_encoder.py": "._arrays ._encoder",
    "_item_cache.py": "._encoder",
    "_callable_encoder.py": "._arrays ._encoder ._item_cache ._progress",
    "_block_encoder.py": "._arrays ._estimator ._interchange .blocks",
    "encoders.py": (
        "._audio_encoder ._block_encoder ._callable_encoder ._image_encoder ._text_encoder"
    ),
    "_representation.py": "",
    "_routing.py": "",
    "_sklearn_pipelines.py": "._arrays",
    "_sklearn_twins.py": "._routing ._sklearn_pipelines",
    "_sketch.py": "._arrays",
    "_moments.py": ". ._kernels",
    "_segments.py": "",
    "_moment_segments.py": "._moments ._segments",
    "_sparse.py": "._moments",
    "_inputs.py": "._arrays ._interchange ._kernels ._parameters ._sparse .exceptions",
    "_feature_names.py": "._interchange .exceptions",
    "_scaler.py": ". ._arrays ._estimator ._feature_names ._inputs ._kernels ._parameters ._sparse",
    "_runs.py": ". ._arrays ._kernels ._moments",
    "_batches.py": "._arrays ._interchange ._runs",
    "preprocessing.py": (
        "._affine ._arrays ._batches ._extrema ._normalizer ._robust ._scaler ._scaling ._standard"
    ),
    "_random.py": "",
    "_constraints.py": "._parameters",
    "_available.py": "",
    "_chains.py": "._kernels",
    "_chain_runs.py": "._arrays ._chain_scores ._chains ._kernels",
    "_chain_scores.py": "._chains ._kernels ._regression",
    "_sgd_inputs.py": (
        "._arrays ._blocks ._feature_names ._fusion_scalers ._inputs ._interchange ._kernels "
        "._parameters"
    ),
    "_sgd_paces.py": "._blocks ._chains",
    "_sgd_targets.py": "._arrays ._labels .exceptions",
    "_sgd_models.py": "._chains",
    "_sgd_base.py": (
        "._arrays ._chain_runs ._chain_scores ._chains ._constraints ._estimator ._inputs "
        "._kernels ._random ._sgd_inputs ._sgd_models .exceptions"
    ),
    "_sgd_docs.py": "",
    "_indicators.py": "",
    "_categories.py": "",
    "_labels.py": ". ._categories ._indicators ._interchange",
    "_averages.py": "._labels .exceptions",
    "_matrix_scores.py": "._averages",
    "_named_metrics.py": (
        "._agreement ._arrays ._classification ._codes ._fscore ._jaccard ._labels "
        "._matrix_scores ._scores ._zero_one"
    ),
    "_resampling.py": "._codes ._labels ._matrix_scores ._named_metrics ._random",
    "_bootstrap.py": "._labels ._named_metrics ._parameters ._resampling .exceptions",
    "_paired.py": (
        "._bootstrap ._labels ._named_metrics ._parameters ._resampling ._statistics .exceptions"
    ),
    "_confusion_table.py": (
        "._bootstrap ._classification ._codes ._labels ._named_metrics ._resampling"
    ),
    "_confusion_counts.py": "._codes ._compensated ._confusion_table ._labels ._parameters",
    "_regression_targets.py": "._kernels ._labels ._parameters .exceptions",
    "_regression.py": "._kernels ._labels ._parameters ._regression_targets",
    "_relative_errors.py": "._labels ._regression_targets",
    "_quantile_errors.py": "._constraints ._kernels ._labels ._regression_targets",
    "_deviances.py": "._constraints ._labels ._parameters ._regression_targets",
    "_regression_sums.py": "._compensated ._kernels ._labels ._regression_targets",
    "_scores.py": "._averages ._codes ._indicators ._labels ._parameters .exceptions",
    "_sgd_classes.py": (
        "._chain_runs ._chains ._constraints ._estimator ._inputs ._kernels ._random "
        "._sgd_base ._sgd_inputs ._sgd_models ._sgd_paces ._sgd_targets"
    ),
    "_sgd_classifier.py": "._available ._constraints ._linear ._sgd_base ._sgd_classes ._sgd_docs",
    "_sgd_regressor.py": (
        "._chain_runs ._chains ._constraints ._estimator ._random ._sgd_base ._sgd_docs "
        "._sgd_inputs ._sgd_models ._sgd_paces ._sgd_targets"
    ),
    "_one_class.py": (
        "._arrays ._chain_runs ._chains ._constraints ._random ._sgd_base ._sgd_docs "
        "._sgd_inputs ._sgd_models"
    ),
    "_perceptron.py": "._constraints ._sgd_base ._sgd_classes ._sgd_docs",
    "_sgd_sweep.py": (
        "._arrays ._available ._chain_runs ._estimator ._sgd_base ._sgd_classes ._sgd_inputs "
        "._sgd_members ._sgd_regressor ._sgd_results"
    ),
    "_sgd_members.py": (
        "._chain_runs ._chains ._random ._regression ._sgd_base ._sgd_classes ._sgd_inputs "
        "._sgd_paces ._sgd_regressor ._sgd_targets"
    ),
    "_sgd_results.py": (
        "._chain_scores ._chains ._linear ._regression ._sgd_base ._sgd_members .exceptions"
    ),
    "_missing.py": ". ._arrays ._blocks ._interchange ._kernels",
    "_fusion_docs.py": "._kernels",
    "_fusion_rows.py": "._arrays ._blocks ._kernels ._missing",
    "_fusion_scalers.py": (
        "._arrays ._blocks ._estimator ._kernels ._missing .exceptions .preprocessing"
    ),
    "_fusion_write.py": ". ._arrays ._kernels ._missing",
    "_fusion_products.py": ". ._arrays ._blocks ._fusion_scalers ._kernels ._missing",
    "_rank_fusion.py": ". ._arrays ._blocks ._fusion_rows ._kernels ._missing",
    "_projection.py": ". ._arrays ._blocks ._estimator ._kernels ._missing",
    "_fusion_estimator.py": (
        "._arrays ._blocks ._columns ._estimator ._feature_names ._fusion_rows "
        "._fusion_scalers ._fusion_write ._inputs ._kernels ._missing ._projection"
    ),
    "fusion.py": (
        ". ._arrays ._blocks ._fusion_docs ._fusion_estimator ._fusion_products ._fusion_rows "
        "._fusion_scalers ._fusion_write ._kernels ._missing ._projection ._rank_fusion"
    ),
    "_multimodal_inputs.py": (
        "._arrays ._blocks ._feature_names ._fusion_scalers ._inputs ._kernels ._missing "
        "._parameters ._sgd_inputs .preprocessing"
    ),
    "_joint.py": ". ._arrays ._descent ._kernels ._linear ._missing",
    "_paced.py": "._descent ._joint ._kernels ._linear",
    "_late.py": ". ._kernels ._linear ._missing",
    "_held_out.py": "._arrays ._interchange",
    "_fusion_learning.py": (
        "._arrays ._descent ._gradient_data ._joint ._kernels ._linear ._missing "
        "._multimodal_inputs ._paced ._random"
    ),
    "_fusion_parameters.py": (
        "._arrays ._blocks ._descent ._estimator ._fusion_learning ._fusion_rows "
        "._fusion_scalers ._gradient_data ._kernels ._modality_scores ._multimodal_inputs "
        "._paced"
    ),
    "_modality_scores.py": ". ._arrays ._blocks ._fusion_rows ._kernels ._linear ._missing .fusion",
    "_result_text.py": "",
    "_plot_style.py": "",
    "_plot_labels.py": "._plot_style",
    "_plot_scores.py": "._arrays ._labels",
    "_plot_lines.py": "._arrays ._plot_labels ._plot_style",
    "_plot_cells.py": "._arrays ._plot_labels ._plot_style .inspection",
    "_plot_ranking.py": "._plot_labels ._plot_scores ._plot_style .metrics",
    "_plot_calibration.py": "._arrays ._plot_labels ._plot_scores ._plot_style",
    "_plot_comparison.py": "._plot_labels ._plot_style ._statistics",
    "_plot_attribution.py": "._arrays ._plot_labels ._plot_style .inspection",
    "_plot_projection.py": "._arrays ._blocks ._labels ._plot_labels ._plot_style",
    "_emap.py": "._arrays ._blocks ._interchange ._modality_scores ._named_metrics ._paired",
    "_row_tiles.py": "._missing",
    "_cka.py": "._blocks ._row_tiles",
    "_modality_gap.py": "._blocks ._bootstrap ._result_text ._row_tiles",
    "_cross_correlation.py": "._arrays ._blocks ._missing ._row_tiles",
    "_mm_shap.py": (
        "._arrays ._blocks ._bootstrap ._fusion_scalers ._kernels ._missing ._result_text"
    ),
    "_robustness.py": (
        "._arrays ._blocks ._bootstrap ._feature_names ._interchange ._modality_scores "
        "._named_metrics ._resampling ._result_text"
    ),
    "_pid_solver.py": "",
    "_pid.py": (
        "._arrays ._blocks ._bootstrap ._interchange ._linear ._modality_scores ._pid_solver "
        "._resampling ._result_text"
    ),
    "_held_scores.py": ". ._arrays ._interchange ._kernels ._linear ._modality_scores",
    "_contributions.py": ". ._blocks ._held_scores ._kernels ._modality_scores ._result_text",
    "_drop_modality.py": "._blocks ._held_scores ._modality_scores .metrics",
    "_modality_shapley.py": (
        ". ._arrays ._blocks ._held_scores ._kernels ._modality_scores ._named_metrics "
        "._result_text .metrics"
    ),
    "_perceptual.py": (
        ". ._arrays ._blocks ._feature_names ._held_scores ._interchange ._kernels "
        "._modality_scores ._resampling ._result_text"
    ),
    "_html.py": ".plotting",
    "_verdict.py": "._statistics .metrics",
    "_report_folds.py": (
        "._arrays ._blocks ._estimator ._held_out ._interchange ._kernels ._missing "
        "._modality_scores ._parameters .multimodal"
    ),
    "_report_evaluation.py": (
        "._arrays ._blocks ._interchange ._linear ._missing ._modality_scores ._report_folds "
        "._verdict .metrics .multimodal"
    ),
    "_report_findings.py": (
        "._modality_scores ._parameters ._plot_style ._report_evaluation .inspection"
    ),
    "_report_parts.py": "._html ._missing .inspection .plotting",
    "_report_cards.py": "._html",
    "_report_scores.py": (
        "._html ._modality_scores ._plot_calibration ._plot_style ._report_evaluation "
        "._report_parts ._statistics ._verdict .metrics .plotting"
    ),
    "_report_numbers.py": (
        "._html ._plot_style ._report_evaluation ._report_parts ._report_scores .metrics .plotting"
    ),
    "_report_modalities.py": (
        "._html ._parameters ._plot_style ._report_cards ._report_evaluation ._report_findings "
        "._report_parts .inspection .plotting"
    ),
    "_report_notes.py": ".__version__ ._report_evaluation ._report_findings",
    "_report_model.py": (
        "._html ._report_evaluation ._report_findings ._report_modalities ._report_notes "
        "._report_numbers ._report_parts ._report_scores .metrics"
    ),
    "_report_comparison.py": ".__version__ ._comparison ._html ._report_cards ._report_parts",
    "reporting.py": (
        "._arrays ._blocks ._comparison ._html ._interchange ._missing ._report_cards "
        "._report_comparison ._report_evaluation ._report_folds ._report_model .plotting"
    ),
    "_comparison.py": (
        "._arrays ._blocks ._kernels ._linear ._modality_scores ._verdict .inspection .metrics "
        ".multimodal"
    ),
    "dask/__init__.py": "._fit ._fuse ._metrics ._score",
    "dask/_fit.py": (
        ".._arrays .._collections .._estimator .._fusion_estimator .._fusion_model "
        ".._gradient_base .._inputs .._scaler .._sgd_classifier .._sgd_regressor "
        "._fusion_training ._graph ._map ._partitions ._rounds ._score ._states ._training"
    ),
    "dask/_fuse.py": ".._fusion_estimator ._fit ._map",
    "dask/_fusion_training.py": (
        ".._descent .._fusion_learning .._fusion_model .._gradient_data .._joint .._kernels "
        ".._linear .._missing .._multimodal_inputs .._sgd_inputs .._summed ._graph "
        "._partitions ._states ._training"
    ),
    "dask/_graph.py": ".._alignment .._kernels",
    "dask/_map.py": ".._estimator .._feature_names ._graph ._partitions",
    "dask/_metrics.py": ".._regression_sums .._segments ..metrics ._graph ._partitions",
    "dask/_partitions.py": (
        ".._arrays .._blocks .._collections .._feature_names .._interchange ._graph"
    ),
    "dask/_rounds.py": (
        ".._arrays .._chain_runs .._chains .._inputs .._kernels .._missing .._random "
        ".._sgd_base .._sgd_inputs .._sgd_models .._sgd_targets ._graph ._partitions ._shares "
        "._states ._training"
    ),
    "dask/_score.py": (
        ".._arrays .._labels .._probability_sums .._probability_targets .._regression_sums "
        ".._segments ..metrics ._graph ._metrics ._partitions"
    ),
    "dask/_shares.py": "._graph ._partitions",
    "dask/_states.py": (
        ".._extrema .._fusion_scalers .._inputs .._moment_segments .._robust .._segments "
        "..preprocessing ._graph ._partitions"
    ),
    "dask/_training.py": (
        ".._descent .._gradient_data .._kernels .._sgd_inputs .._summed ._graph ._partitions "
        "._states"
    ),
    "stream/_values.py": ".._kernels ._readers",
    "stream/_watched.py": "._readers",
    "stream/_pieces.py": "._readers ._values",
    "stream/_raw_rows.py": "._readers ._values ._watched",
    "stream/_arrow_file.py": "._readers",
    "stream/_arrow_columns.py": "._readers ._values",
    "stream/_arrow_values.py": "._arrow_columns ._readers ._watched",
    "stream/_tables.py": (
        "._arrow_columns ._arrow_file ._arrow_values ._pieces ._readers ._values ._watched"
    ),
    "stream/_linear_parts.py": ".._chain_scores .._modality_scores",
    "_cli_errors.py": ".exceptions",
    "_cli_options.py": "",
    "_cli_parser.py": "._cli_errors ._cli_options",
    "_cli_settings.py": "._cli_errors ._cli_options .exceptions",
    "_cli_completion.py": "",
    "_cli_progress.py": "",
    "_cli_models.py": (
        ". ._cli_errors ._cli_options .exceptions .linear_model .multimodal .persistence"
    ),
    "_cli_targets.py": ".exceptions .stream",
    "_cli_info.py": ". ._cli_errors ._safetensors .exceptions .persistence .stream",
    "_cli_jobs.py": (
        ". ._cli_errors ._cli_models ._cli_parser ._cli_progress ._cli_settings ._cli_targets "
        ".inspection .stream"
    ),
    "stream/_csv.py": "._arrow_columns ._readers ._tables ._watched",
    "stream/_sliced.py": "._pieces ._raw_rows ._values ._watched",
    "stream/_hdf5.py": "._raw_rows ._readers ._sliced ._watched",
    "stream/_zarr.py": "._readers ._sliced ._watched",
    "stream/_parts.py": "._readers ._values",
    "stream/_paths.py": "._readers ._zarr",
    "stream/_sources.py": (
        ".._interchange ._arrow_columns ._formats ._hdf5 ._parts ._paths ._raw_rows ._readers "
        "._sliced ._tables ._values ._zarr"
    ),
    "stream/_joined.py": "._readers ._values",
    "stream/_key_index.py": "._readers",
    "stream/_keys.py": "._joined ._key_index ._paths ._readers ._sources",
    "stream/_iterables.py": ".._arrays .._blocks .._interchange ._readers ._values",
    "stream/__init__.py": (
        "._ahead ._dataset ._evaluate ._fit ._iterables ._keys ._readers ._sources ._write"
    ),
    "stream/_ahead.py": ".._kernels",
    "stream/_chains.py": (
        ".._chain_runs .._chains .._inputs .._kernels .._sgd_inputs .._sgd_targets ._ahead "
        "._checks ._dataset ._jobs ._scalers"
    ),
    "stream/_checks.py": "..exceptions ._ahead",
    "stream/_dataset.py": (
        ".._arrays .._blocks .._kernels ..exceptions ._ahead ._iterables ._keys ._readers "
        "._sources ._spooled"
    ),
    "stream/_evaluate.py": (
        ".._modality_scores .._result_text .._sgd_base ..exceptions ..metrics ._ahead ._checks "
        "._dataset ._jobs ._linear_parts ._write"
    ),
    "stream/_fit.py": (
        ".._arrays .._chain_runs .._estimator .._fusion_model .._fusion_scalers .._gradient_base "
        ".._least_squares .._scaler .._sgd_base ..fusion ._chains ._dataset ._fit_descent "
        "._fit_least_squares ._fit_models ._jobs ._scalers"
    ),
    "stream/_passes.py": ".. .._descent .._kernels ._ahead ._dataset ._jobs",
    "stream/_fit_descent.py": (
        ".. .._descent .._first_order .._gradient_data .._kept .._kernels .._random "
        ".._sgd_inputs .._summed ._ahead ._checks ._dataset ._jobs ._passes ._scalers"
    ),
    "stream/_lessons.py": (
        ".._descent .._fusion_learning .._joint .._kept .._kernels .._missing .._summed ._ahead "
        "._checks ._dataset ._jobs ._passes"
    ),
    "stream/_fit_models.py": (
        ".._descent .._fusion_learning .._fusion_model .._fusion_parameters .._fusion_scalers "
        ".._gradient_data .._kept .._multimodal_inputs ._dataset ._jobs ._lessons ._passes "
        "._scalers"
    ),
    "stream/_fit_least_squares.py": (
        ".._arrays .._descent .._feature_names .._inputs .._sgd_targets ._ahead ._checks "
        "._dataset ._jobs ._passes"
    ),
    "stream/_formats.py": (
        "._arrow_columns ._arrow_file ._csv ._hdf5 ._npy ._npz ._readers ._tables ._watched ._zarr"
    ),
    "stream/_jobs.py": "..__version__ .._safetensors .._state ..exceptions",
    "stream/_npy.py": "._raw_rows ._readers ._watched",
    "stream/_npz.py": "._npy ._raw_rows ._readers ._watched",
    "stream/_readers.py": "..exceptions",
    "stream/_scalers.py": (
        ".._fusion_scalers .._kernels .._missing ..exceptions ._ahead ._checks ._dataset ._jobs"
    ),
    "stream/_spooled.py": "._iterables ._raw_rows ._readers ._watched",
    "stream/_write.py": (
        ".._arrays .._fusion_scalers .._state ..fusion ._ahead ._checks ._dataset ._fit "
        "._jobs ._writers"
    ),
    "stream/_writers.py": "..exceptions ._watched",
}
BELOW = {name: set(words.split()) for name, words in _WORDS.items()}
