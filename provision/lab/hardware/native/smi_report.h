/* A report of nested sections, written as text (-q) or as XML (-q -x). */
#ifndef SMI_REPORT_H
#define SMI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct report {
    FILE *out;
    bool xml;
    unsigned depth;
    const char *open[8]; /* the tags of the sections that are open */
};

void report_begin(struct report *report);
void report_end(struct report *report);

/* Begin a section; `id` is an attribute in XML and stands behind the label in text. */
void section_begin(struct report *report, const char *label, const char *tag, const char *id);
void section_end(struct report *report);
void entry(struct report *report, const char *label, const char *tag, const char *form, ...)
    __attribute__((format(printf, 4, 5)));

#endif
