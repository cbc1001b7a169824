"""How things are said: figures, sentences, messages, commands."""
