// The door of lsp: a language server (Language Server Protocol 3.17) on standard input and output, for editors.
#pragma once

namespace rvb::lsp {

// Until the client says `exit`, or closes the input. Exit code 1 when it did not say `shutdown` before `exit`.
int serve();

} // namespace rvb::lsp
