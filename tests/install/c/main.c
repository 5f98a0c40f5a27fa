/* A user of the installed C library: runs the trace of its first argument and prints the prefix-cache hits in it. */
#include <kvspec.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  kvspec_error error;
  kvspec_trace* trace = NULL;
  kvspec_system* system = NULL;
  kvspec_trace_step step;
  char* text = NULL;
  int hits = 0;
  if (argc != 2) return 2;
  if (kvspec_trace_open_file(argv[1], &trace, &error) != KVSPEC_OK) goto failed;
  if (kvspec_trace_config(trace, &text, &error) != KVSPEC_OK) goto failed;
  if (kvspec_system_create("host", text, &system, &error) != KVSPEC_OK) goto failed;
  kvspec_free_text(text);
  while (kvspec_trace_next(trace, &step, &error) == KVSPEC_OK) {
    if (kvspec_system_step(system, step.in, &text, &error) != KVSPEC_OK) goto failed;
    if (strstr(step.in, "get_computed_blocks") && !strstr(text, "\"num_computed_tokens\":0") && hits++ == 0) {
      printf("line %lu: %s\n", (unsigned long)step.line, text);
    }
    if (kvspec_compare(step.in, step.out, text, &error) != KVSPEC_OK) goto failed;
    kvspec_free_text(step.in);
    kvspec_free_text(step.out);
    kvspec_free_text(text);
  }
  if (error.status != KVSPEC_END) goto failed;
  printf("kvspec %s: %d hits\n", kvspec_version(), hits);
  kvspec_system_destroy(system);
  kvspec_trace_close(trace);
  return hits == 0;
failed: /* the process ends, so nothing is freed */
  fprintf(stderr, "%s: %s\n", kvspec_status_name(error.status), error.message);
  return 1;
}
