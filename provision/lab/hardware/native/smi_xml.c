#include <stdarg.h>
#include <string.h>

#include "smi_report.h"

#define COLUMN 42
#define TEXT_INDENT 4

static void escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else
            fputc(*text, out);
    }
}

static void tabs(const struct report *report)
{
    for (unsigned i = 0; i <= report->depth; i++)
        fputc('\t', report->out);
}

void report_begin(struct report *report)
{
    if (report->xml)
        fputs("<?xml version=\"1.0\" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM \"nvsmi_device_v12.dtd\">\n<nvidia_smi_log>\n",
              report->out);
    else
        fputs("\n==============NVSMI LOG==============\n\n", report->out);
}

void report_end(struct report *report)
{
    fputs(report->xml ? "</nvidia_smi_log>\n" : "\n", report->out);
}

void section_begin(struct report *report, const char *label, const char *tag, const char *id)
{
    if (report->xml) {
        tabs(report);
        if (id != NULL)
            fprintf(report->out, "<%s id=\"%s\">\n", tag, id);
        else
            fprintf(report->out, "<%s>\n", tag);
    } else {
        fprintf(report->out, "%*s%s%s%s\n", (int)(report->depth * TEXT_INDENT), "", label, id == NULL ? "" : " ",
                id == NULL ? "" : id);
    }
    report->open[report->depth++] = tag;
}

void section_end(struct report *report)
{
    const char *tag = report->open[--report->depth];
    if (!report->xml)
        return;
    tabs(report);
    fprintf(report->out, "</%s>\n", tag);
}

void entry(struct report *report, const char *label, const char *tag, const char *form, ...)
{
    char value[256];
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(value, sizeof value, form, arguments);
    va_end(arguments);
    if (report->xml) {
        tabs(report);
        fprintf(report->out, "<%s>", tag);
        escaped(report->out, value);
        fprintf(report->out, "</%s>\n", tag);
        return;
    }
    int indent = (int)(report->depth * TEXT_INDENT);
    fprintf(report->out, "%*s%-*s: %s\n", indent, "", COLUMN - indent, label, value);
}
