// A JPEG as libjpeg writes it.
#pragma once

#include "base/files.h"

#include <cstdio>
#include <cstdlib>
#include <jpeglib.h>

namespace rvb::runtime::test {

inline Bytes encode_jpeg(const Bytes& rgb, unsigned width, unsigned height, bool progressive = false) {
  jpeg_compress_struct encoder;
  jpeg_error_mgr errors;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* packed = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &packed, &size);
  encoder.image_width = width;
  encoder.image_height = height;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, 100, TRUE);
  encoder.comp_info[0].h_samp_factor = encoder.comp_info[0].v_samp_factor = 1; // full colour
  if (progressive)
    jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < height) {
    JSAMPROW row = const_cast<JSAMPROW>(rgb.data() + encoder.next_scanline * size_t{3} * width);
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  Bytes bytes(packed, packed + size);
  std::free(packed);
  return bytes;
}

} // namespace rvb::runtime::test
