"""What is judged: answers parsed once, and the relations between them."""
