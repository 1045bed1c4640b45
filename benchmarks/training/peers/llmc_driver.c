// SPDX-License-Identifier: Apache-2.0
//
// Trains llm.c's GPT-2 at the shapes of bench_training_step; compiled with -I of a checkout of llm.c (run.sh).
// Talks like torch_peer.py; its one variant is "llm.c", and "prepare FOLDER LAYERS HEADS D L BATCH" carries the shapes.
//
// Its model is GPT-2: LayerNorm with gain, biases, a read-out tied to the embedding, no branch scale. The products are of
// the same sizes, the weights its own, so its losses are only asked to fall.
#define TESTING
#include "train_gpt2.c"

enum { kVocab = 256, kLosses = 10 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Between -0.5 and 0.5: fractional parts of the multiples of an irrational number, after a fixed shuffle of bits.
static float spread(size_t i) {
  unsigned int x = (unsigned int)i * 2654435761u;
  x ^= x >> 15;
  x *= 2246822519u;
  return (float)(x >> 8) / 16777216.0f - 0.5f;
}

static void write_checkpoint(const char* path, int layers, int heads, int d, int length) {
  GPT2Config config = {length, kVocab, kVocab, layers, heads, d};
  size_t sizes[NUM_PARAMETER_TENSORS];
  fill_in_parameter_sizes(sizes, config);
  int header[256] = {20240326, 3, length, kVocab, layers, heads, d, kVocab};
  FILE* file = fopenCheck(path, "wb");
  fwrite(header, sizeof(int), 256, file);
  for (int k = 0; k < NUM_PARAMETER_TENSORS; k++) {
    const int gain = k == 2 || k == 8 || k == 14, matrix = k == 0 || k == 1 || k == 4 || k == 6 || k == 10 || k == 12;
    for (size_t i = 0; i < sizes[k]; i++) {
      const float value = gain ? 1.0f : matrix ? 0.07f * spread(i + 31 * (size_t)k) : 0.0f;
      fwrite(&value, sizeof(float), 1, file);
    }
  }
  fcloseCheck(file);
}

static float step(GPT2* model, int* x, int* y, int batch, int length, int t) {
  gpt2_forward(model, x, y, (size_t)batch, (size_t)length);
  const float loss = model->mean_loss;
  gpt2_zero_grad(model);
  gpt2_backward(model);
  gpt2_update(model, 3e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, t);
  return loss;
}

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static void read_tokens(const char* folder, const char* name, int* to, size_t count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* file = fopenCheck(path, "rb");
  freadCheck(to, sizeof(int), count, file);
  fcloseCheck(file);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: llmc_driver SCRATCH_FILE\n");
    return 2;
  }
  // llm.c itself prints to stdout: answers go to a copy of it.
  FILE* answers = fdopen(dup(1), "w");
  if (freopen("/dev/null", "w", stdout) == NULL) return 1;
  fprintf(answers, "{\"peer\": \"llm.c\"}\n");
  fflush(answers);
  GPT2 model;
  int layers = 0, heads = 0, d = 0, length = 0, batch = 0, t = 0, *x = NULL, *y = NULL;
  char line[8192], folder[4096];
  double seconds;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "prepare %4000s %d %d %d %d %d", folder, &layers, &heads, &d, &length, &batch) == 6) {
      if (x != NULL) gpt2_free(&model), free(x), free(y);
      write_checkpoint(argv[1], layers, heads, d, length);
      gpt2_build_from_checkpoint(&model, argv[1]);
      const size_t count = (size_t)batch * (size_t)length;
      x = malloc(count * sizeof(int));
      y = malloc(count * sizeof(int));
      read_tokens(folder, "tokens.i32", x, count);
      read_tokens(folder, "next_tokens.i32", y, count);
      fprintf(answers, "{\"llm.c\": {\"losses\": [");
      for (t = 1; t <= kLosses; t++) {
        // A slow one: three are enough to see the loss fall.
        const double begin = now();
        fprintf(answers, "%s%.7g", t == 1 ? "" : ", ", step(&model, x, y, batch, length, t));
        if (now() - begin > 1 && t == 3) break;
      }
      fprintf(answers, "]}}\n");
    } else if (sscanf(line, "measure llm.c %lf", &seconds) == 1 && x != NULL) {
      static double taken[1 << 16];
      int n = 0;
      const double begin = now();
      while (n < (1 << 16) && (n < 3 || now() - begin < seconds)) {
        if (n > 0 && now() - begin > 4 * seconds) break;
        const double start = now();
        step(&model, x, y, batch, length, ++t);
        taken[n++] = now() - start;
      }
      qsort(taken, (size_t)n, sizeof(double), by_size);
      fprintf(answers, "{\"tokens_per_s\": %.6g}\n", batch * length / taken[n / 2]);
    } else {
      fprintf(answers, "{\"error\": \"not understood\"}\n");
    }
    fflush(answers);
  }
  return 0;
}
