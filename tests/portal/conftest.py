"""Fixtures of several test modules."""

from tests.portal.world import people, world

__all__ = ["people", "world"]
