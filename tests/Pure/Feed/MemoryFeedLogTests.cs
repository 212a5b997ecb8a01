namespace Podflare.Feed;

public sealed class MemoryFeedLogTests : FeedLogTests
{
    protected override IFeedLog Log => field ??= new MemoryFeedLog(Microsoft.Extensions.Options.Options.Create(Options), Time);
}
