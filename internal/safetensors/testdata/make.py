"""Writes reference.safetensors with the reference implementation."""
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

values = [0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-14, 2.0**-24, float("inf"), float("-inf"), float("nan")]
save_file(
    {
        "f64": np.array(values, np.float64),
        "f32": np.array(values, np.float32).reshape(2, 5),
        "f16": np.array(values, np.float16),
        "bf16": np.array([0.0, -0.0, 1.0, -2.5, 2.0**-133, float("inf")], ml_dtypes.bfloat16),
        "i64": np.array([[1, -2], [3, -4]], np.int64),
        "scalar": np.array(0.5, np.float32),
        "empty": np.zeros((3, 0), np.float32),
        "naïve \"name\" <&>": np.array([7.0], np.float32),
    },
    "reference.safetensors",
    metadata={"format": "pt", "note": "<&>"},
)
