using Microsoft.Extensions.Logging.Abstractions;

namespace Podflare.Logs;

public sealed class RedisSandboxLogTests(RedisFixture fixture) : SandboxLogTests
{
    protected override ISandboxLog Log => field ??= new RedisSandboxLog(fixture.Redis, Microsoft.Extensions.Options.Options.Create(Options), NullLogger<RedisSandboxLog>.Instance);
}
