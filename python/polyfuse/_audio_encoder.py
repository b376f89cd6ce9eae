"""Sounds as rows, read through soundfile and described through librosa."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arrays import one_of, require_number
from ._encoder import Encoder, Numbered, blaming, described, fill_rows, source

FEATURES = ("mfcc", "log_mel")
STATISTICS = ("mean", "std", "delta_std")
_LEAST_FFT = 512  # frequencies close enough that no mel band falls between two of them


class _Settings(NamedTuple):
    """Parameters, checked."""

    sample_rate: int
    features: str
    n_mfcc: int
    n_mels: int
    window: int  # in samples, as hop
    hop: int

    @property
    def n_values(self) -> int:
        return self.n_mfcc if self.features == "mfcc" else self.n_mels


class AudioEncoder(Encoder):
    """Sounds as rows: how their spectrum is over time, how it varies, and how fast.

    A sound is read, its channels are averaged, it is resampled to `sample_rate` and cut into
    overlapping windows. Of the values of the windows a row has the means, the standard deviations,
    and the standard deviations of their slopes (deltas over 9 windows); and the duration.

    Parameters
    ----------
    sample_rate : int, default=16000
        In Hz. Arrays are taken to have it; files say theirs.
    features : {"mfcc", "log_mel"}, default="mfcc"
        Mel-frequency cepstral coefficients, or the mel bands they are made of, in decibels.
    n_mfcc : int, default=13
        Coefficients, at most `n_mels`.
    n_mels : int, default=40
        Mel bands.
    window, hop : float, default=0.025, 0.010
        Length of a window and distance of the next one, in seconds.

    Attributes
    ----------
    n_features_out_ : int
        Three for each coefficient or band, and one.

    References
    ----------
    S. Davis and P. Mermelstein, "Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences", IEEE Trans. ASSP 28 (1980).

    Notes
    -----
    `fit` listens to no sound. Items are paths, bytes of a file, or arrays of shape (n_samples,) or
    (n_samples, n_channels), of floats from -1 to 1 or of int16. A sound shorter than a window is
    filled up with silence.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse.encoders import AudioEncoder
    >>> time = np.arange(8000) / 8000
    >>> tones = [np.sin(2 * np.pi * hertz * time) for hertz in (220, 880)]
    >>> rows = AudioEncoder(8000).fit_transform([*tones, None])
    >>> rows.shape, rows[:, -1]
    ((3, 40), array([ 1.,  1., nan], dtype=float32))
    """

    _settings: _Settings

    def __init__(
        self,
        sample_rate: int = 16000,
        *,
        features: str = "mfcc",
        n_mfcc: int = 13,
        n_mels: int = 40,
        window: float = 0.025,
        hop: float = 0.010,
    ) -> None:
        self.sample_rate = sample_rate
        self.features = features
        self.n_mfcc = n_mfcc
        self.n_mels = n_mels
        self.window = window
        self.hop = hop

    def _learn(self, items: list[Any]) -> dict[str, Any]:
        settings = self._checked()
        _librosa()
        width = len(STATISTICS) * settings.n_values + 1
        return {"_settings": settings, "n_features_out_": width}

    def _checked(self) -> _Settings:
        one_of(self.features, "features", FEATURES)
        for name in ("sample_rate", "n_mfcc", "n_mels"):
            require_number(getattr(self, name), name, least=1, integer=True)
        if self.features == "mfcc" and self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc must be at most n_mels, {self.n_mels}; got {self.n_mfcc}.")
        samples = {}
        for name in ("window", "hop"):
            seconds = getattr(self, name)
            require_number(seconds, name, above=0.0)
            samples[name] = round(seconds * self.sample_rate)
            if samples[name] < 1:
                raise ValueError(f"{name} must be a sample long at least; got {seconds!r} s.")
        return _Settings(self.sample_rate, self.features, self.n_mfcc, self.n_mels, **samples)

    def _encode(self, items: list[Any]) -> NDArray[np.float32]:
        out = np.empty((len(items), self.n_features_out_), np.float32)
        return fill_rows(items, out, self._rows, 1)

    def _rows(self, items: Numbered) -> NDArray[np.float32]:
        return np.stack(
            [_row(_sound(i, item, self._settings), self._settings) for i, item in items]
        )

    def _names(self) -> Iterable[str]:
        kind = "mfcc" if self._settings.features == "mfcc" else "mel"
        each = range(self._settings.n_values)
        return [*(f"{kind}{k}_{what}" for what in STATISTICS for k in each), "duration"]


def _librosa() -> Any:
    try:
        import librosa
    except ImportError as error:
        raise ImportError("AudioEncoder needs librosa: pip install 'polyfuse[audio]'.") from error
    return librosa


def _sound(i: int, item: Any, settings: _Settings) -> NDArray[np.float32]:
    """One channel of samples at the rate wanted, at least one."""
    rate = settings.sample_rate
    if isinstance(item, np.ndarray):
        samples = _samples(i, item)
    else:
        file = source(item)
        if file is None:
            raise TypeError(f"{described(i, item)} must be a path, bytes or an array.")
        with blaming(i, item, "a sound"):
            import soundfile

            samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    if not len(samples) or not np.isfinite(samples).all():
        raise ValueError(
            f"{described(i, item)} must have finite samples, at least one; "
            f"got {'some that are not' if len(samples) else 'none'}."
        )
    mono: NDArray[np.float32] = samples.mean(axis=1)
    if rate != settings.sample_rate:
        mono = _librosa().resample(mono, orig_sr=rate, target_sr=settings.sample_rate)
    return mono


def _samples(i: int, item: NDArray) -> NDArray[np.float32]:
    """Samples of an array, shape (n_samples, n_channels)."""
    if item.ndim not in (1, 2) or item.shape[1:] == (0,):
        raise ValueError(
            f"{described(i, item)} must be of shape (n_samples,) or (n_samples, n_channels)."
        )
    columns = item if item.ndim == 2 else item[:, None]
    if item.dtype == np.int16:
        columns = columns / np.float32(32768)  # what soundfile makes of 16 bits
    elif item.dtype.kind != "f":
        raise TypeError(f"{described(i, item)} must be of floats or int16; got {item.dtype}.")
    return columns.astype(np.float32)


def _row(mono: NDArray[np.float32], settings: _Settings) -> NDArray[np.float32]:
    """Statistics of the windows of a sound, shape (n_features,)."""
    librosa = _librosa()
    duration = len(mono) / settings.sample_rate
    n_fft = max(_LEAST_FFT, 1 << (settings.window - 1).bit_length())
    mono = np.pad(mono, (0, max(0, n_fft - len(mono))))
    power = librosa.feature.melspectrogram(
        y=mono, sr=settings.sample_rate, n_fft=n_fft, win_length=settings.window,
        hop_length=settings.hop, n_mels=settings.n_mels,
    )  # fmt: skip
    values = librosa.power_to_db(power)
    if settings.features == "mfcc":
        values = librosa.feature.mfcc(S=values, n_mfcc=settings.n_mfcc)
    # mode="interp", the default, refuses sounds of fewer than 9 windows.
    slopes = librosa.feature.delta(values, mode="nearest")
    parts = [values.mean(axis=1), values.std(axis=1), slopes.std(axis=1), [duration]]
    return np.concatenate(parts).astype(np.float32)
