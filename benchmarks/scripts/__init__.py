"""What users would write instead of `chatfmt tokenize`, each a program."""
