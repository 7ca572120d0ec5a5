"""One module for each way to carry a reader into a model; `ALL` names them."""
