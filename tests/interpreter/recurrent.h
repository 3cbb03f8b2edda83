// Networks with loops, as texts of the IR: a cell with a weight matrix on its state, one with two states that runs
// backwards and reads no invariant, a convolution on a state, a loop in a loop.
#pragma once

namespace rvb::interpreter {

struct Recurrent {
  const char* name;
  const char* text; // a module with @train
};

inline const Recurrent recurrent[] = {
    {"cell", R"(
func @train(%image: f32[5,?,3], %labels: i32[?], %w: f32[3,4], %r: f32[4,4], %b: f32[4], %o: f32[4,3]) -> ("loss" = f32[], "logits" = f32[?,3]) {
  %y, %n = loop(%image, %w, %r, %b, 0.0) {invariants = 3, states = 1} do (%x: f32[?,3], %k: f32[3,4], %q: f32[4,4], %c: f32[4], %h: f32[?,4]) {
    %a = linear(%x, %k) : f32[?,4]
    %d = linear(%h, %q) : f32[?,4]
    %e = add(%a, %d) : f32[?,4]
    %f = add(%e, %c) : f32[?,4]
    %g = tanh(%f) : f32[?,4]
    yield(%g, %g)
  } : f32[5,?,4], f32[?,4]
  %m = mean_time(%y) : f32[?,4]
  %s = add(%m, %n) : f32[?,4]
  %z = linear(%s, %o) : f32[?,3]
  %l = cross_entropy(%z, %labels) : f32[]
  ret(%l, %z)
})"},
    {"two_states", R"(
func @train(%image: f32[4,?,16], %labels: i32[?], %w: f32[16,16], %v: f32[16,16], %leak: f32[16], %o: f32[16,3]) -> ("loss" = f32[], "logits" = f32[?,3]) {
  %x = linear(%image, %w) : f32[4,?,16]
  %y, %p, %q = loop(%x, %v, %leak, 0.25, 0.0) {invariants = 2, reverse = 1, states = 2} do (%i: f32[?,16], %r: f32[16,16], %c: f32[16], %u: f32[?,16], %h: f32[?,16]) {
    %k = sigmoid(%c) : f32[16]
    %a = mul(%u, %k) : f32[?,16]
    %d = linear(%h, %r) : f32[?,16]
    %e = add(%a, %i) : f32[?,16]
    %f = add(%e, %d) : f32[?,16]
    %g = sub(%f, 0.1) : f32[?,16]
    %s = step(%g) {surrogate = "triangle", width = 1.0} : f32[?,16]
    %t = mul(%f, %s) : f32[?,16]
    %n = sub(%f, %t) : f32[?,16]
    yield(%t, %n, %t)
  } : f32[4,?,16], f32[?,16], f32[?,16]
  %m = mean_time(%y) : f32[?,16]
  %b = mul(%p, 0.5) : f32[?,16]
  %s2 = add(%m, %b) : f32[?,16]
  %z = linear(%s2, %o) : f32[?,3]
  %l = cross_entropy(%z, %labels) : f32[]
  ret(%l, %z)
})"},
    {"convolution", R"(
func @train(%image: f32[3,?,4,5,2], %labels: i32[?], %w: f32[3,3,2,2], %r: f32[3,3,2,2], %o: f32[2,3]) -> ("loss" = f32[], "logits" = f32[?,3]) {
  %y, %n = loop(%image, %w, %r, 0.0) {invariants = 2, states = 1} do (%x: f32[?,4,5,2], %k: f32[3,3,2,2], %q: f32[3,3,2,2], %h: f32[?,4,5,2]) {
    %e = mul(%x, 0.5) : f32[?,4,5,2]
    %a = conv2d(%e, %k) {pad = [1, 1], stride = [1, 1]} : f32[?,4,5,2]
    %s = sign(%q) {ste = 1.0} : f32[3,3,2,2]
    %d = conv2d(%h, %s) {pad = [1, 1], stride = [1, 1]} : f32[?,4,5,2]
    %f = add(%a, %d) : f32[?,4,5,2]
    %g = tanh(%f) : f32[?,4,5,2]
    %p = global_avgpool(%g) : f32[?,2]
    yield(%p, %g)
  } : f32[3,?,2], f32[?,4,5,2]
  %m = mean_time(%y) : f32[?,2]
  %z = linear(%m, %o) : f32[?,3]
  %l = cross_entropy(%z, %labels) : f32[]
  ret(%l, %z)
})"},
    {"nested", R"(
func @train(%image: f32[3,?,4], %labels: i32[?], %w: f32[4,4], %r: f32[4,4], %c: f32[4]) -> ("loss" = f32[], "logits" = f32[?,4]) {
  %y, %n = loop(%image, %w, %r, %c, 0.0) {invariants = 3, states = 1} do (%x: f32[?,4], %k: f32[4,4], %q: f32[4,4], %b: f32[4], %h: f32[?,4]) {
    %i = linear(%x, %k) : f32[?,4]
    %two = stack_time(%i, %x) : f32[2,?,4]
    %in, %d = loop(%two, %q, %h) {invariants = 1, states = 1} do (%xi: f32[?,4], %qi: f32[4,4], %hi: f32[?,4]) {
      %a = linear(%hi, %qi) : f32[?,4]
      %e = add(%a, %xi) : f32[?,4]
      %f = tanh(%e) : f32[?,4]
      yield(%e, %f)
    } : f32[2,?,4], f32[?,4]
    %o, %u = scan(%in, %b, 0.0) {axis = 0, invariants = 1, states = 1} do (%it: f32[?,4], %bt: f32[4], %ut: f32[?,4]) {
      %g = mul(%ut, 0.5) : f32[?,4]
      %v = add(%g, %it) : f32[?,4]
      %vb = mul(%v, %bt) : f32[?,4]
      yield(%vb, %vb)
    } : f32[2,?,4], f32[?,4]
    %both = mean_time(%o) : f32[?,4]
    %s = add(%both, %u) : f32[?,4]
    yield(%s, %d)
  } : f32[3,?,4], f32[?,4]
  %m = mean_time(%y) : f32[?,4]
  %l = cross_entropy(%m, %labels) : f32[]
  ret(%l, %m)
})"},
};

} // namespace rvb::interpreter
