"""The cast and the world that every app's tests share: `stockholm_quality/tests/world.py`."""

pytest_plugins = [
    "stockholm_quality.tests.scenes",
    "stockholm_quality.tests.fixtures",
    "stockholm_quality.tests.counting",
    "stockholm_quality.tests.embedded_rig",
    "stockholm_quality.tests.city_rig",
]
