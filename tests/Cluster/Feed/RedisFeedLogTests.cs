using Microsoft.Extensions.Logging.Abstractions;

namespace Podflare.Feed;

public sealed class RedisFeedLogTests(RedisFixture fixture) : FeedLogTests
{
    protected override IFeedLog Log => field ??= new RedisFeedLog(fixture.Redis, Microsoft.Extensions.Options.Options.Create(Options), Time, NullLogger<RedisFeedLog>.Instance);
}
