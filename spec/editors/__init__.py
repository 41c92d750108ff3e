"""What editors and highlighters need beside the language server: a VS Code extension and a Pygments lexer."""
