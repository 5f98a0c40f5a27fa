/* kvspec for C, and for whatever can call C: the model and the host implementation behind opaque handles, the clauses,
   traces, and random traffic.

   Bodies are JSON texts, those of the trace format (docs/specification.md, Trace format and errors): a configuration is
   the value of "config", a command that of "in", an observation that of "out". So every command and every observation
   is covered by the one codec there is, and a new member changes nothing here. Counts are blocks or tokens as that
   format says; sizes here are bytes.

   Texts    Every char* parameter is a NUL-terminated UTF-8 text unless it comes with a size. A char* that is given back
            through a char** belongs to the caller, who frees it with kvspec_free_text(). A const char* that is given
            back lives as long as the process.
   Errors   Are values. No input, however wrong, ends in anything but a status: not JSON, a NULL that is not allowed, a
            name that nothing has. Only memory is not bounded by the size of an input: a table has up to max_model_len /
            block_size entries, which a valid configuration and one command can ask for, and a system that promises more
            memory than it has may end the process. Who takes configurations from strangers limits the process. Where a
            call fails it changes nothing, and what it would give back is NULL. Each function that takes a kvspec_error*
            fills it, also on success; it may be NULL.
   Threads  A handle is used by one thread at a time; different handles are independent. Nothing else is shared: there
            is no state but that of handles.
   Handles  Each create or open has its destroy or close, which takes NULL too. A handle does not keep the texts it was
            made from.

   What this does not do: it registers no engine. To hold a manager of your own against the model, step both and call
   kvspec_compare(), or drive yours by kvspec_traffic. */
#ifndef KVSPEC_KVSPEC_H
#define KVSPEC_KVSPEC_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define KVSPEC_API __attribute__((visibility("default")))
#else
#define KVSPEC_API
#endif

/* Changes when a program compiled against an older header would misbehave: it is the soversion. */
#define KVSPEC_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Statuses and errors ------------------------------------------------------------------------ */

typedef enum kvspec_status {
  KVSPEC_OK = 0,
  KVSPEC_END = 1,              /* the trace has no further step */
  KVSPEC_DIFFERENT = 2,        /* two observations differ; `clause` says what the part should be */
  KVSPEC_INVALID_ARGUMENT = 3, /* a NULL that is not allowed, or a call out of order */
  KVSPEC_UNKNOWN_NAME = 4,     /* no engine, clause or preset is called that */
  KVSPEC_BAD_TEXT = 5,         /* a text that the format does not allow: `clause` is one of TRACE-01 .. TRACE-07 */
  KVSPEC_REJECTED = 6,         /* a configuration or command that breaks the precondition `clause` */
  KVSPEC_BROKEN = 7,           /* the state breaks the invariant `clause` */
  KVSPEC_OUT_OF_MEMORY = 8,
  KVSPEC_INTERNAL = 9, /* a defect of this library; `message` has what is known */
  KVSPEC_UNUSABLE = 10 /* a step ended in one of the two above: the handle can only be destroyed */
} kvspec_status;

/* "KVSPEC_OK" and so on; "?" for a number that is no status. */
KVSPEC_API const char* kvspec_status_name(kvspec_status status);

enum { KVSPEC_MESSAGE_BYTES = 512 };

/* What a call ended in. The caller provides it; nothing in it is to be freed. */
typedef struct kvspec_error {
  kvspec_status status; /* what the call returned */
  const char* clause;   /* the id of the clause concerned, for example "REQ-02", or NULL */
  const char* sentence; /* what that clause says, or NULL */
  int64_t offending;    /* KVSPEC_REJECTED: the number that breaks the clause (spec/system.hpp says which), else 0 */
  size_t line;          /* reading a trace: the line, from 1; else 0 */
  char message[KVSPEC_MESSAGE_BYTES]; /* one line without control characters; empty on success */
} kvspec_error;

/* ---- The library -------------------------------------------------------------------------------- */

/* KVSPEC_ABI_VERSION and the version ("0.1.0") of the library that is running. */
KVSPEC_API int kvspec_abi_version(void);
KVSPEC_API const char* kvspec_version(void);

/* Frees any text this library has given. NULL is no text. */
KVSPEC_API void kvspec_free_text(char* text);

/* ---- Clauses ------------------------------------------------------------------------------------ */

typedef struct kvspec_clause {
  const char* id;       /* "POOL-06" */
  const char* kind;     /* "effect", "rejection", "invariant" or "deviation" */
  const char* origin;   /* where the rule comes from */
  const char* sentence; /* the rule */
} kvspec_clause;

/* Clauses are numbered 0 .. kvspec_num_clauses() - 1, in the order of the specification. */
KVSPEC_API size_t kvspec_num_clauses(void);

/* KVSPEC_INVALID_ARGUMENT: index out of range, or NULL. */
KVSPEC_API kvspec_status kvspec_clause_at(size_t index, kvspec_clause* clause);

/* The id as it is written, in capitals. KVSPEC_INVALID_ARGUMENT: NULL; KVSPEC_UNKNOWN_NAME. */
KVSPEC_API kvspec_status kvspec_find_clause(const char* id, kvspec_clause* clause);

/* ---- Systems: a manager of KV-cache blocks ------------------------------------------------------ */

typedef struct kvspec_system kvspec_system;

/* The engines by number, from 0: "model" is the reference, "host" the fast implementation; NULL past the last. */
KVSPEC_API const char* kvspec_engine_name(size_t index);

/* A manager of that engine. A configuration without "semantics" is one of the sound semantics.
   KVSPEC_INVALID_ARGUMENT: engine, config or system is NULL; KVSPEC_UNKNOWN_NAME: no such engine;
   KVSPEC_BAD_TEXT; KVSPEC_REJECTED: CONF-*; KVSPEC_OUT_OF_MEMORY: the pool does not fit into memory. */
KVSPEC_API kvspec_status kvspec_system_create(const char* engine, const char* config, kvspec_system** system,
                                              kvspec_error* error);
KVSPEC_API void kvspec_system_destroy(kvspec_system* system);

/* Performs the command {"op": ...} and gives its observation, unless out is NULL.
   KVSPEC_INVALID_ARGUMENT: system or in is NULL; KVSPEC_BAD_TEXT; KVSPEC_REJECTED: the command breaks a precondition
   and nothing has changed; KVSPEC_OUT_OF_MEMORY, KVSPEC_INTERNAL: only kvspec_system_destroy() is left to do;
   KVSPEC_UNUSABLE. */
KVSPEC_API kvspec_status kvspec_system_step(kvspec_system* system, const char* in, char** out, kvspec_error* error);

/* What can be seen of the state; what only a later command shows (spec/dump.hpp says what) is not in it. Equal states
   give equal texts, whatever the engine. KVSPEC_INVALID_ARGUMENT: system or view is NULL; KVSPEC_UNUSABLE. */
KVSPEC_API kvspec_status kvspec_system_view(const kvspec_system* system, char** view, kvspec_error* error);

/* Checks every invariant of single states; those that are about several states need a watch. Some hold only as long as
   callers keep what they owe (docs/specification.md, Invariants), and under the recorded semantics some do not.
   KVSPEC_OK: they hold. KVSPEC_BROKEN: the first that does not; KVSPEC_INVALID_ARGUMENT: NULL; KVSPEC_UNUSABLE. */
KVSPEC_API kvspec_status kvspec_system_check(kvspec_system* system, kvspec_error* error);

/* Compares two observations of the command `in`, value by value; what the format calls informative never differs.
   KVSPEC_OK: equal. KVSPEC_DIFFERENT: the message says where, what was expected and what is there, and the clause what
   it should be. KVSPEC_INVALID_ARGUMENT: NULL; KVSPEC_BAD_TEXT: the message says which of the three. */
KVSPEC_API kvspec_status kvspec_compare(const char* in, const char* expected, const char* actual, kvspec_error* error);

/* ---- Traces: what a manager was asked, and what it answered ------------------------------------- */

typedef struct kvspec_trace kvspec_trace;

/* One operation of a trace. The three texts are the caller's. */
typedef struct kvspec_trace_step {
  char* in;    /* the command */
  char* out;   /* the observation; NULL if the trace holds none */
  char* err;   /* {"type": ..., "msg": ...} of an operation that failed, which ends the trace; else NULL */
  size_t line; /* where it stands, from 1 */
} kvspec_trace_step;

/* Opens a trace: a file, which is read as the steps are asked for, or a text of `size` bytes, which is copied.
   KVSPEC_INVALID_ARGUMENT: NULL (text may be NULL if size is 0); KVSPEC_BAD_TEXT: the first line is no configuration,
   or TRACE-07, the file cannot be read. */
KVSPEC_API kvspec_status kvspec_trace_open_file(const char* path, kvspec_trace** trace, kvspec_error* error);
KVSPEC_API kvspec_status kvspec_trace_open_text(const char* text, size_t size, kvspec_trace** trace,
                                                kvspec_error* error);
KVSPEC_API void kvspec_trace_close(kvspec_trace* trace);

/* The configuration that replays the trace: a trace that names no semantics is one of the recorded system, and so
   "semantics" is always there. KVSPEC_INVALID_ARGUMENT: NULL. */
KVSPEC_API kvspec_status kvspec_trace_config(const kvspec_trace* trace, char** config, kvspec_error* error);

/* The next step. KVSPEC_END: there is none; KVSPEC_BAD_TEXT: it cannot be read, and neither can what follows: every
   further call says the same; KVSPEC_INVALID_ARGUMENT: NULL. */
KVSPEC_API kvspec_status kvspec_trace_next(kvspec_trace* trace, kvspec_trace_step* step, kvspec_error* error);

/* ---- Traffic: a plausible scheduler that makes commands ----------------------------------------- */

typedef struct kvspec_traffic kvspec_traffic;

/* The families of configurations by number, from 0: "full", "swa", ...; NULL past the last. */
KVSPEC_API const char* kvspec_preset_name(size_t index);

/* The traffic of a preset and a seed, under the sound semantics. The commands follow from the two and from what is
   observed, so equal answers give equal commands, on every machine.
   KVSPEC_INVALID_ARGUMENT: preset or traffic is NULL; KVSPEC_UNKNOWN_NAME: no such preset; KVSPEC_REJECTED: the preset
   "invalid" makes configurations that are there to be rejected. */
KVSPEC_API kvspec_status kvspec_traffic_create(const char* preset, uint64_t seed, kvspec_traffic** traffic,
                                               kvspec_error* error);
KVSPEC_API void kvspec_traffic_destroy(kvspec_traffic* traffic);

/* The configuration of the manager to drive. KVSPEC_INVALID_ARGUMENT: NULL. */
KVSPEC_API kvspec_status kvspec_traffic_config(const kvspec_traffic* traffic, char** config, kvspec_error* error);

/* The next command; there is always one. Some commands break a precondition on purpose.
   KVSPEC_INVALID_ARGUMENT: NULL, or the answer to the last command has not been told yet; KVSPEC_UNUSABLE. */
KVSPEC_API kvspec_status kvspec_traffic_next(kvspec_traffic* traffic, char** in, kvspec_error* error);

/* Tells what the last command returned: an observation, or that it was rejected (the id of a clause and the number
   that breaks it, as in kvspec_error). KVSPEC_INVALID_ARGUMENT: NULL, or there is no unanswered command, or a list that
   has an element per group has another length; KVSPEC_BAD_TEXT; KVSPEC_UNKNOWN_NAME: no such clause;
   KVSPEC_UNUSABLE. */
KVSPEC_API kvspec_status kvspec_traffic_observe(kvspec_traffic* traffic, const char* out, kvspec_error* error);
KVSPEC_API kvspec_status kvspec_traffic_observe_rejection(kvspec_traffic* traffic, const char* clause,
                                                          int64_t offending, kvspec_error* error);

#ifdef __cplusplus
}
#endif

#endif /* KVSPEC_KVSPEC_H */
