/* Follows a null pointer, some calls deep. */
#include "system.h"

struct node {
	long value;
	struct node *next;
};

static struct node last = { 2, 0 }, first = { 1, &last };

PLACE long
value_of(struct node *node)
{
	return (node->value);
}

PLACE long
third(struct node *list)
{
	return (value_of(list->next->next) + 1);
}

int
main(int argc, char **argv)
{
	(void)argc, (void)argv;
	return ((int)third(&first));
}
