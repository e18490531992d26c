"""Values that flow between the stages: frozen, without behaviour that reaches outside."""
