"""The task: the language of expressions, what they mean, and what is learned from them."""
