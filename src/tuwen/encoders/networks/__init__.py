"""Networks in torch; imported only inside the functions that need them."""
