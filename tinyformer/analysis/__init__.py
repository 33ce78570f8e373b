"""What can be said of trained models, and of how they came to be, beyond how often they are right."""
