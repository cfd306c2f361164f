/*
 * A dynamic linker that links nothing: it looks whether the kernel has told the
 * truth about itself and the program that it is to start, says where both lie,
 * and starts the program.
 */
#include "system.h"

enum { AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_ENTRY = 9, AT_MAX };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6 };

struct aux { long kind, value; };

struct header {
	unsigned int kind, flags;
	unsigned long offset, address, physical, in_file, in_memory, align;
};

extern char __ehdr_start[] __attribute__((visibility("hidden")));

static long
put(char *line, long n, const char *word, unsigned long number)
{
	int shift;

	while (*word != 0)
		line[n++] = *word++;
	for (shift = 44; shift >= 0; shift -= 4)
		line[n++] = "0123456789abcdef"[number >> shift & 15];
	return (n);
}

int
main(int argc, char **argv)
{
	unsigned long told[AT_MAX] = { 0 }, base = 0, entry, i;
	const struct header *headers, *h;
	int loaded = 0, named = 0, found = 0;
	char line[80], **environment = argv + argc + 1;
	const struct aux *aux;
	long n;

	while (*environment != 0)
		environment++;
	for (aux = (struct aux *)(environment + 1); aux->kind != 0; aux++)
		if (aux->kind < AT_MAX)
			told[aux->kind] = (unsigned long)aux->value;
	if (told[AT_BASE] != (unsigned long)__ehdr_start)
		return (101);
	if (told[AT_PAGESZ] != 4096 || told[AT_PHENT] != sizeof(struct header))
		return (102);
	headers = (const struct header *)told[AT_PHDR];
	entry = told[AT_ENTRY];
	for (i = 0; i < told[AT_PHNUM]; i++)
		if (headers[i].kind == PT_PHDR) {
			base = told[AT_PHDR] - headers[i].address;
			found++;
		}
	if (found != 1)
		return (103);
	for (i = 0; i < told[AT_PHNUM]; i++) {
		h = headers + i;
		named += h->kind == PT_INTERP && *(char *)(base + h->address) == '/';
		loaded += h->kind == PT_LOAD && (h->flags & 1) != 0 &&
		    entry - base - h->address < h->in_file;
	}
	if (named != 1 || loaded != 1)
		return (104);
	n = put(line, 0, "linker ", told[AT_BASE]);
	n = put(line, n, " program ", base);
	n = put(line, n, " entry ", entry);
	line[n++] = '\n';
	CALL3(write, 1, line, n);
	/* As the kernel would have begun it. */
	__asm__ volatile("movq %0, %%rsp\n\tmovq %0, %%rdi\n\tjmp *%1"
	    : : "r"((long *)argv - 1), "r"(entry) : "rdi", "memory");
	return (105);
}
