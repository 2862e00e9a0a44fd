#include "link.h"

void link_forget(struct link *link)
{
    stream_reset(&link->up);
    stream_reset(&link->down);
    buf_finish(&link->input);
    *link = (struct link){.client = link->client, .up = link->up, .down = link->down};
}

void link_open(struct link *link, const struct plan *plan, struct chance *chance, uint32_t number,
               int64_t now_ms)
{
    link_forget(link);
    link->number = number;
    link->is_used = link->is_knocking = link->is_plain = true;
    link->delay_ms = plan->delay_ms == 0 ? 0 : chance_below(chance, plan->delay_ms + 1);
    link->usual_delay_ms = link->delay_ms;
    link->knocks_ms = now_ms + link->delay_ms;
    link->sip = SIZE_MAX;
}

static void note_broken(struct link *link, int64_t now_ms)
{
    if (link->broken_ms == 0)
        link->broken_ms = now_ms;
}

void link_leave(struct link *link, int64_t now_ms)
{
    note_broken(link, now_ms);
    link->is_used = false;
    link->client_has_left = true;
}

void link_vanish(struct link *link, int64_t now_ms)
{
    note_broken(link, now_ms);
    link->is_used = false;
    link->vanished_ms = now_ms;
}

void link_reset(struct link *link, int64_t now_ms)
{
    note_broken(link, now_ms);
    stream_reset(&link->up);
    stream_reset(&link->down);
    link->client_has_left = link->daemon_has_left = true;
}

void link_send(struct link *link, const struct plan *plan, struct chance *chance, const char *bytes,
               size_t n, int64_t now_ms)
{
    int64_t cut_ms = now_ms; /* at once, even when it is in a part that is sent later */

    if (link->client_has_left)
        return;
    while (n > 0) {
        bool splits = n > 1 && plan->split > 0 && chance_is(chance, plan->split);
        size_t part = splits ? 1 + chance_below(chance, (uint32_t)n - 1) : n;
        int64_t at_ms = now_ms + link->delay_ms;
        if (stream_send(&link->up, bytes, part, at_ms)) {
            note_broken(link, cut_ms);
            link->client_has_left = link->daemon_has_left = true;
            return;
        }
        if (splits)
            now_ms += chance_below(chance, 10);
        bytes += part;
        n -= part;
    }
}

size_t link_write(struct link *link, const struct plan *plan, const char *bytes, size_t n,
                  int64_t now_ms)
{
    size_t held = buf_size(&link->down.bytes);
    size_t room = held < plan->window ? plan->window - held : 0;

    if (link->daemon_has_left)
        return n; /* into nothing */
    if (n > room)
        link->is_plain = false;
    n = n < room ? n : room;
    if (stream_send(&link->down, bytes, n, now_ms + link->delay_ms)) {
        note_broken(link, now_ms);
        link->client_has_left = link->daemon_has_left = true;
    }
    return n;
}

size_t link_readable(struct link *link, int64_t now_ms)
{
    size_t n = stream_arrived(&link->down, now_ms);

    if (!link->is_used || now_ms < link->deaf_until_ms || now_ms < link->next_read_ms)
        return 0;
    return n < link->sip ? n : link->sip;
}

int64_t link_next_read_ms(const struct link *link)
{
    int64_t next_ms = stream_next_ms(&link->down);

    if (!link->is_used || (next_ms == NEVER && !link->daemon_has_left))
        return NEVER;
    if (next_ms == NEVER)
        next_ms = 0;
    if (next_ms < link->deaf_until_ms)
        next_ms = link->deaf_until_ms;
    return next_ms < link->next_read_ms ? link->next_read_ms : next_ms;
}

bool link_has_ended(const struct link *link)
{
    return link->daemon_has_left && buf_size(&link->down.bytes) == 0;
}

void link_heal(struct link *link)
{
    link->up.cut_after = link->down.cut_after = -1;
    link->deaf_until_ms = link->next_read_ms = 0;
    link->sip = SIZE_MAX;
    link->delay_ms = link->usual_delay_ms;
}
