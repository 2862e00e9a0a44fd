#include "transcript.h"

#include <inttypes.h>
#include <stdarg.h>

void transcript_say(const struct transcript *transcript, const char *format, ...)
{
    int64_t now_ms = transcript->clock->real_ms;
    va_list arguments;

    if (transcript->to == NULL)
        return;
    fprintf(transcript->to, "%6" PRId64 ".%03d  ", now_ms / 1000, (int)(now_ms % 1000));
    va_start(arguments, format);
    vfprintf(transcript->to, format, arguments);
    va_end(arguments);
    fputc('\n', transcript->to);
}
