"""Stories of the admin: operators see what their projects hold, and write through the verbs alone."""
