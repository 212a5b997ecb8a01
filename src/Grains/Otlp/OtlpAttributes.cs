namespace Podflare.Otlp;

/// <summary>Adds attributes to a resource, a span or whatever else has some.</summary>
internal static class OtlpAttributes
{
    private static readonly OtlpType KeyValue = OtlpSchema.Find("KeyValue");
    private static readonly OtlpType AnyValue = OtlpSchema.Find("AnyValue");

    extension(OtlpMessage message)
    {
        public OtlpMessage With(string key, string value) => message.With(key, new OtlpMessage(AnyValue).Set("stringValue", value));

        public OtlpMessage With(string key, long value) => message.With(key, new OtlpMessage(AnyValue).Set("intValue", value));

        public OtlpMessage With(string key, bool value) => message.With(key, new OtlpMessage(AnyValue).Set("boolValue", value ? 1 : 0));

        private OtlpMessage With(string key, OtlpMessage value) => message.Add("attributes", new OtlpMessage(KeyValue).Set("key", key).Set("value", value));
    }
}
