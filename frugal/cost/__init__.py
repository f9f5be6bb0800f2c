"""What a plan costs a month: plan → charges of the meters → grants → prices → estimate → report."""
