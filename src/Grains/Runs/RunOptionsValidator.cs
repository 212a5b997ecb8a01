using Microsoft.Extensions.Options;

namespace Podflare.Runs;

[OptionsValidator]
internal sealed partial class RunOptionsValidator : IValidateOptions<RunOptions>;
