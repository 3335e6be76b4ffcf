"""What is known while a change is judged: its row, the rows around it, and all that is remembered of them."""
