"""Who may see and do what: the only access rules of the portal, and the record of what people did."""
