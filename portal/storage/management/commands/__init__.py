"""``manage.py`` and one of these names."""
