"""What is proven of whole libraries as published: slow, so behind the marker `lab`."""
