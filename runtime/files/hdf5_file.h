// An HDF5 file that is being made in memory, as h5py lays one out: groups, arrays, texts, attributes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rvb::runtime {

class Hdf5File {
public:
  explicit Hdf5File(const std::string& path); // named in messages. Failure(io) where libhdf5 is missing
  ~Hdf5File();

  // Paths as "node/nodes/conv/weight"; groups on the way are made.
  void put_text(const std::string& path, const std::string& text);
  void put_texts(const std::string& path, const std::vector<std::vector<std::string>>& rows); // all of one length
  void put(const std::string& path, const std::vector<int64_t>& shape, const std::vector<float>& values);
  void put_integers(const std::string& path, const std::vector<int64_t>& values); // one dimension
  void put_integers(const std::string& path, const std::vector<int64_t>& shape, const std::vector<int64_t>& values);
  void put_integer(const std::string& path, int64_t value);
  // Of a group, which is made; "" is the file itself.
  void set(const std::string& group, const std::string& name, const std::string& text);
  void set(const std::string& group, const std::string& name, double value);
  void set_integer(const std::string& group, const std::string& name, int64_t value);

  std::string bytes(); // of the whole file; nothing is put after that

private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

} // namespace rvb::runtime
