"""Tables of raw items to blocks, and on to a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyfuse as pf
from polyfuse.encoders import BlockEncoder, CallableEncoder, ImageEncoder, TextEncoder

pytest.importorskip("PIL")
pytest.importorskip("sklearn")
pandas = pytest.importorskip("pandas")


def encoders() -> dict[str, Any]:
    return {
        "image": ImageEncoder((2, 2), "L"),
        "text": TextEncoder("tfidf", sparse_output=False),
    }


@pytest.fixture
def columns(rng: np.random.Generator) -> dict[str, list[Any]]:
    """Twelve rows, of which each modality tells one half of the classes."""
    shades = np.repeat([0, 255], 6)
    noise = rng.integers(0, 9, (12, 4, 4))
    return {
        "image": list(np.clip(shades[:, None, None] + noise, 0, 255).astype(np.uint8)),
        "text": ["night dark", "dark"] * 3 + ["snow", "white snow"] * 3,
        "age": list(rng.random(12)),
    }


Y = np.repeat(["night", "day"], 6)


def test_blocks_are_those_of_the_encoders(columns: dict[str, list[Any]]) -> None:
    encoder = BlockEncoder(encoders())
    blocks = encoder.fit_transform(columns)
    assert isinstance(blocks, pf.Blocks)
    assert blocks.names == encoder.modalities_ == ["image", "text"]
    for name, own in encoders().items():
        np.testing.assert_array_equal(blocks[name], own.fit_transform(columns[name]))
    new = {name: column[:3] for name, column in columns.items()}
    for name, block in encoder.fit(columns).transform(new).items():
        np.testing.assert_array_equal(block, blocks[name][:3])
    names = encoder.get_feature_names_out()
    assert names.tolist() == [
        "image__grey_0_0", "image__grey_0_1", "image__grey_1_0", "image__grey_1_1",
        "text__dark", "text__night", "text__snow", "text__white",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_tables(kind: str, columns: dict[str, list[Any]]) -> None:
    library = pytest.importorskip(kind)
    texts = {"text": columns["text"], "age": columns["age"], "height": columns["age"]}
    table = library.table(texts) if kind == "pyarrow" else library.DataFrame(texts)
    encoder = BlockEncoder(
        {"words": TextEncoder(), "person": pf.preprocessing.StandardScaler()},
        columns={"words": "text", "person": ["age", "height"]},
    )
    assert encoder.fit_transform(table).widths == {"words": 2**20, "person": 2}


def test_first_step_of_a_pipeline(columns: dict[str, list[Any]]) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    pipeline = pytest.importorskip("sklearn.pipeline")
    table = pandas.DataFrame(columns)
    model = pipeline.make_pipeline(BlockEncoder(encoders()), pf.FusionClassifier())
    assert selection.cross_val_score(model, table, Y, cv=3).tolist() == [1.0] * 3
    grid = {"blockencoder__image__size": [(1, 1), (2, 2)]}
    search = selection.GridSearchCV(model, grid, cv=2, error_score="raise").fit(table, Y)
    assert search.best_score_ == 1.0
    assert model.fit(columns, Y).predict(columns).tolist() == Y.tolist()
    shares = pf.inspection.modality_contributions(model[-1], model[:-1].transform(table)).share
    assert (shares > 0.1).all()


def test_encoders_are_copied(columns: dict[str, list[Any]]) -> None:
    given = encoders() | {"age": CallableEncoder(lambda items: np.reshape(items, (-1, 1)))}
    BlockEncoder(given).fit(columns)
    assert not any(hasattr(encoder, "n_features_out_") for encoder in given.values())


def test_parameters_of_encoders(columns: dict[str, list[Any]]) -> None:
    base = pytest.importorskip("sklearn.base")
    encoder = BlockEncoder(encoders())
    copy = base.clone(encoder).set_params(image__size=(1, 1), columns={"text": "age"})
    assert copy.get_params()["image__size"] == (1, 1)
    assert copy.columns == {"text": "age"}
    assert encoder.get_params()["image__size"] == (2, 2)
    for name in ("sound__size", "size", "image__sizes"):
        with pytest.raises(ValueError, match="Invalid parameter"):
            copy.set_params(**{name: 3})


def test_what_is_wrong_is_named(columns: dict[str, list[Any]]) -> None:
    encoder = BlockEncoder(encoders())
    with pytest.raises(ValueError, match=r"X has no column 'text', it has \['image'\]"):
        encoder.fit({"image": columns["image"]})
    with pytest.raises(TypeError, match="X must be a data frame or a dict of columns; got list"):
        encoder.fit([columns["image"]])
    with pytest.raises(TypeError, match=r"X\[1\] \(int\) must be a str") as caught:
        encoder.fit(columns | {"text": ["a", 1]})
    assert caught.value.__notes__ == ["That was block 'text'."]
    assert not hasattr(encoder, "encoders_")
    with pytest.raises(ValueError, match="blocks must have the same number of rows"):
        encoder.fit_transform(columns | {"text": ["dark"]})
    with pytest.raises(TypeError, match="encoders must be a dict of transformers, one at least"):
        BlockEncoder({}).fit(columns)
    with pytest.raises(TypeError, match=r"encoders\['image'\] must have fit and transform"):
        BlockEncoder({"image": len}).fit(columns)
    with pytest.raises(ValueError, match=r"columns must have names of encoders, .* got 'txt'"):
        BlockEncoder(encoders(), columns={"txt": "text"}).fit(columns)


def test_a_missing_item_is_a_missing_modality(columns: dict[str, list[Any]]) -> None:
    pipeline = pytest.importorskip("sklearn.pipeline")
    columns["image"][0] = columns["text"][-1] = None
    model = pipeline.make_pipeline(
        BlockEncoder(encoders()),
        pf.fusion.Fusion(scaler="standard", missing="zero"),
        pf.linear_model.SGDClassifier(random_state=0),
    )
    assert model.fit(columns, Y).score(columns, Y) == 1.0
