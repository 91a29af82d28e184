"""What is checked: responses parsed once, and the subjects selected from them."""
