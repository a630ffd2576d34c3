"""What plugins that run on the control machine share."""
