"""Choose documents for each arm under token budgets."""
