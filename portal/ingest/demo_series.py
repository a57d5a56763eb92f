"""What was measured last week in the demo: ceria as it is heated, its support, a calibrant and a scan.

Ceria expands by about 1.15e-5 per kelvin.
"""

from portal.ingest.demo_content import Asked, Category, Measurement, Note

__all__ = ["CALIBRATION", "NICKEL_5", "SCAN", "heated"]

CERIA_EXPANSION = 1.15e-5
ROOM_K = 298

_ASKED_OF_CERIA = {
    298: (Asked("tanaka", {"n_points": 400}),),
    600: (Asked("tanaka", {"unit": "q_A^-1"}),),
    900: (Asked("demo", {"n_points": 3000, "method": "bbox/csr"}),),
}
_NOTED_OF_CERIA = {
    298: (Note("First pattern: sharp rings, no nickel lines yet. Beam centre as in calibration.", "tanaka"),),
    500: (Note("Rings move inwards as they should.", "demo"),),
    700: (
        Note("Furnace: set point 700 K reached after 14 min.", category=Category.INFO, after_min=-2),
        Note("Weak extra line at 2.04 Å is the support, not a new phase.", "tanaka"),
    ),
    800: (
        Note("Beam lost, shutter closed. Top-up resumed after 4 min.", category=Category.ERROR, after_min=3),
        Note("Exposure repeated from the start after the beam came back.", "scientist", after_min=8),
    ),
    900: (Note("Best statistics of the series; use this one for the figure.", "demo"),),
}


def heated(kelvin: int) -> Measurement:
    """Return the exposure of ceria at a temperature."""
    return Measurement(
        f"ceria_{kelvin:04}K",
        60.0,
        0.3,
        2.0,
        strain=CERIA_EXPANSION * (kelvin - ROOM_K),
        asked=_ASKED_OF_CERIA.get(kelvin, ()),
        notes=_NOTED_OF_CERIA.get(kelvin, ()),
    )


# The mask of another detector: what its job answers is what one should see once.
NICKEL_5 = Measurement(
    "nickel_exposure_5",
    60.0,
    0.3,
    20.0,
    foreign_mask="mask_pilatus300k.npy",
    asked=(Asked("demo", {"mask": "mask_pilatus300k.npy"}),),
    notes=(Note("Strongest rings close to saturation: 5 s is the longest useful exposure.", "demo"),),
)

CALIBRATION = Measurement(
    "lab6_calibration",
    60.0,
    0.3,
    2.0,
    asked=(Asked("demo", {"calibrant": "LaB6"}, pipeline="powder_calibration"),),
    notes=(Note("Calibrate with this one; the furnace is out of the beam.", "scientist"),),
)
SCAN = Measurement(
    "lab6_loopscan",
    60.0,
    exposure_s=0.1,
    n_frames=60,
    detector="Pilatus300k",
    asked=(
        Asked("demo", {}, pipeline="powder_scan"),
        Asked("demo", {"monitor_name": "monitor", "frame_axis": "elapsed_time"}, pipeline="powder_scan"),
        Asked("demo", {}, pipeline="powder_cake"),
    ),
    notes=(Note("The beam comes and goes while the monochromator warms up: see the monitor.", "demo"),),
)
