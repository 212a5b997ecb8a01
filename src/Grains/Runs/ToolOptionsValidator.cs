using Microsoft.Extensions.Options;

namespace Podflare.Runs;

[OptionsValidator]
internal sealed partial class ToolOptionsValidator : IValidateOptions<ToolOptions>;
