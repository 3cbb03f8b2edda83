// An HDF5 file that is being made in memory, as h5py lays out what NIR's own writer gives it: groups, arrays, texts.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace rvb::exporting::nir {

class File {
public:
  explicit File(const std::string& path); // named in messages. Failure(io) where libhdf5 is missing
  ~File();

  // Paths as "node/nodes/conv/weight"; groups on the way are made.
  void put_text(const std::string& path, const std::string& text);
  void put_texts(const std::string& path, const std::vector<std::vector<std::string>>& rows); // all of one length
  void put(const std::string& path, const std::vector<int64_t>& shape, const std::vector<float>& values);
  void put_integers(const std::string& path, const std::vector<int64_t>& values); // one dimension
  void put_integer(const std::string& path, int64_t value);

  std::string bytes(); // of the whole file; nothing is put after that

private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

} // namespace rvb::exporting::nir
