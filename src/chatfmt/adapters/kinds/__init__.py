"""Schemas of APIs, exports, agents and data sets, each in its own module."""
