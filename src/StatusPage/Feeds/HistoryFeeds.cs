using System.ServiceModel.Syndication;
using System.Text;
using System.Xml;
using Podflare.Components;
using Podflare.Incidents;
using Podflare.Pages;
using Podflare.Snapshots;

namespace Podflare.Feeds;

/// <summary>Incidents and maintenance as Atom and RSS feeds. Each keeps one id, so that readers see updates of the same entry.</summary>
internal static class HistoryFeeds
{
    private const int Entries = 50;

    public static byte[] Atom(Snapshot s, string name, string url) => Write(new Atom10FeedFormatter(Feed(s, name, url, "history.atom")));

    public static byte[] Rss(Snapshot s, string name, string url) => Write(new Rss20FeedFormatter(Feed(s, name, url, "history.rss"), serializeExtensionsAsAtom: false));

    private static SyndicationFeed Feed(Snapshot s, string name, string url, string self)
    {
        var all = s.Incidents.Concat(s.Maintenances).OrderByDescending(i => i.UpdatedAt).Take(Entries).ToArray();
        var feed = new SyndicationFeed($"{name} status: history", $"Incidents and maintenance of {name}", new Uri(url), $"{url}/history", all.Select(i => i.UpdatedAt).DefaultIfEmpty(DateTimeOffset.UnixEpoch).Max())
        {
            Items = all.Select(i => Entry(i, url)),
        };
        feed.Authors.Add(new SyndicationPerson { Name = name });
        feed.Links.Add(SyndicationLink.CreateSelfLink(new Uri($"{url}/{self}")));
        return feed;
    }

    private static SyndicationItem Entry(Incident incident, string url)
    {
        var html = string.Concat(incident.Updates.Where(u => !u.Private).Select(u =>
            Html.Of($"<p><strong>{u.Stage.Label}</strong>, {PageParts.Time(u.DisplayAt)}</p>{Html.Paragraphs(u.Body)}").Text));
        var link = new Uri($"{url}/incidents/{incident.Id}");
        return new SyndicationItem(Clean(incident.Title), SyndicationContent.CreateHtmlContent(Clean(html)), link, $"{url}/incidents/{incident.Id}", incident.UpdatedAt)
        {
            PublishDate = incident.StartedAt,
        };
    }

    // XML cannot contain most control characters.
    private static string Clean(string text) => string.Concat(text.Where(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c)));

    private static byte[] Write(SyndicationFeedFormatter formatter)
    {
        using var memory = new MemoryStream();
        using (var xml = XmlWriter.Create(memory, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = true })) formatter.WriteTo(xml);
        return memory.ToArray();
    }
}
