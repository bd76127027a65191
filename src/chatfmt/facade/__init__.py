"""The parts of `chatfmt.tokenizer.ChatTokenizer`, which only delegate."""
