"""The rows of the table, by who makes the models; `chatfmt.line.formats` joins them."""
