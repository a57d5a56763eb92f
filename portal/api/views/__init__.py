"""Thin views: a person, a selector or a service, a serializer."""
