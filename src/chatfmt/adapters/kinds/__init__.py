"""Schemas of APIs, exports, agents and data sets, each in a module of its own."""
