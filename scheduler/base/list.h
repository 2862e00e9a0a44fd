/*
 * A doubly linked list through the members themselves.
 *
 * A head and a link are the same struct; all zero is an empty head and a link in no list.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

/* The struct of `type` whose member `member` is at `link`. */
#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline bool list_is_empty(const struct list *head)
{
    return head->next == NULL || head->next == head;
}

static inline bool list_is_linked(const struct list *link)
{
    return link->next != NULL;
}

/* Puts a link that is in no list at the end. */
static inline void list_append(struct list *head, struct list *link)
{
    if (head->next == NULL)
        head->next = head->prev = head;
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

/* Takes a link out of its list; one in no list stays so. */
static inline void list_remove(struct list *link)
{
    if (link->next == NULL)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

/* The first link, or NULL. */
static inline struct list *list_first(const struct list *head)
{
    return list_is_empty(head) ? NULL : head->next;
}

/* Takes the first link out, or NULL. */
static inline struct list *list_pop(struct list *head)
{
    struct list *first = list_first(head);
    if (first != NULL)
        list_remove(first);
    return first;
}

/* Over all links; `link` may be removed in the body, others not. */
#define LIST_EACH(head, link)                                                                      \
    for (struct list *link = list_first(head), *after_ = link == NULL ? NULL : link->next;         \
         link != NULL;                                                                             \
         link = after_ == (head) ? NULL : after_, after_ = link == NULL ? NULL : link->next)

#endif
