/* A Cortex-M program without a C library, for QEMU's mps2 boards with semihosting; to be included by the file that has
   main(). With -icount shift=0 an instruction takes a nanosecond of QEMU's clock; the processor's timer (SysTick) ticks
   every 40 of them (25 MHz) and counts 24 bits. */
#include <stddef.h>
#include <stdint.h>

extern uint32_t stack_top, data_begin, data_end, data_source, bss_begin, bss_end;
int main(void);

void* memcpy(void* to, const void* from, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    ((volatile uint8_t*)to)[i] = ((const uint8_t*)from)[i];
  return to;
}
void* memset(void* to, int value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    ((volatile uint8_t*)to)[i] = (uint8_t)value;
  return to;
}

static int semihost(int operation, const void* argument) {
  register int r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static void say(const char* text) {
  semihost(4, text);
}
static void finish(int code) {
  const uint32_t block[2] = {0x20026, (uint32_t)code}; /* an application's exit, with its code */
  for (;;)
    semihost(0x20, block);
}
static void say_number(uint32_t number, uint32_t base) {
  char text[12];
  int at = 11;
  text[at] = 0;
  do {
    text[--at] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number != 0);
  say(text + at);
}

static void fault(void) {
  say("fault\n");
  finish(1);
}
static void start(void) {
  const uint32_t* from = &data_source;
  *(volatile uint32_t*)0xe000ed88 |= 0xf00000; /* the floating-point unit */
  __asm__ volatile("dsb\n isb");
  for (uint32_t* to = &data_begin; to < &data_end;)
    *to++ = *from++;
  for (uint32_t* to = &bss_begin; to < &bss_end;)
    *to++ = 0;
  finish(main());
}
__attribute__((section(".vectors"), used)) static void* const vectors[16] = {
    &stack_top, (void*)start, (void*)fault, (void*)fault, (void*)fault, (void*)fault, (void*)fault};

static volatile uint32_t* const timer = (uint32_t*)0xe000e010; /* control, reload, value */
static void start_timer(void) {
  timer[1] = 0xffffff;
  timer[2] = 0;
  timer[0] = 5;
}
static void say_instructions(uint32_t before) {
  say("instructions ");
  say_number(((before - timer[2]) & 0xffffff) * 40, 10);
  say("\n");
}
