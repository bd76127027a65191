"""A string becomes a checked format: the language of lines, and the machine that reads them."""
