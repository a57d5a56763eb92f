"""Tests of the portal that need no running worker."""
